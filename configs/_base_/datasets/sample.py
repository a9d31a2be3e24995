# The built-in sample (mitos make-sample): MIDOG's layout, small frames, training tiles of 192 px in tiles_train/.
_base_ = './atypia14.py'
data_root = 'data/sample/'
train_tile_px = 192  # mitos tile --size
resize = dict(type='RandomChoiceResize', scales=[(160, 160), (176, 176), (192, 192), (208, 208), (224, 224)], keep_ratio=True)
train_pipeline = [*_base_.load_and_label, _base_.mild_colours, _base_.crop, resize, _base_.flip, _base_.pack]
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file='annotations_test.json', data_prefix=dict(img='images/')))
test_dataloader = val_dataloader
val_evaluator = dict(radius='7.5um')  # contest: MIDOG
test_evaluator = val_evaluator
