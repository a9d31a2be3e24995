# The built-in sample (tools/make_sample.py): MIDOG's layout, small frames, training tiles of 256 px in tiles_train/.
_base_ = './atypia14.py'
data_root = 'data/sample/'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file='annotations_test.json', data_prefix=dict(img='images/')))
test_dataloader = val_dataloader
val_evaluator = dict(radius='7.5um')  # contest: MIDOG
test_evaluator = val_evaluator
