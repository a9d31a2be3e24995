# MITOS-ATYPIA-14 (Hamamatsu x40 frames), laid out as docs/data.md says: the contest's folders, training tiles of 256 px in tiles_train/.
# Boxes of 50 px (11.4 um) as MIDOG has them (ours: the contest gives points without a size).
_base_ = './midog.py'
data_root = 'data/atypia14/'
train_tile_px = 256  # mitos tile --size
um_per_px = 0.2274  # Hamamatsu x40: 0.2273 along x, 0.2275 along y
# Half of the paper's 512 px and of its steps; crops keep at least 0.7 of a side, as mitotic figures must keep their size (ours).
crop = dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.7)
resize = dict(
    type='RandomChoiceResize', scales=[(192, 192), (224, 224), (256, 256), (288, 288), (320, 320)], keep_ratio=True)
augment = [_base_.mild_colours, crop, resize, _base_.flip]
train_pipeline = [*_base_.load_and_label, *augment, _base_.pack]
train_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, data_prefix=dict(img='')))
test_dataloader = val_dataloader
val_evaluator = dict(radius='8um')  # contest
test_evaluator = val_evaluator
