# A detector for labels of your own, laid out as docs/own_labels.md says: data/own with annotations_train.json, annotations_val.json, tiles
# of 256 px in tiles_train/, frames in images/.
_base_ = './small/rtmdet_tiny_small_atypia14.py'
data_root = 'data/own/'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root, data_prefix=dict(img='images/')))
test_dataloader = val_dataloader
val_evaluator = dict(radius='7.5um')
test_evaluator = val_evaluator
