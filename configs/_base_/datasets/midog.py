# MIDOG, laid out as docs/data.md says: frames in images/, training tiles of 512 px in tiles_train/.
_base_ = './frames.py'
data_root = 'data/midog/'
# What networks are trained at: the scanners of the contest have 0.23 to 0.25 (ours: the coarsest).
um_per_px = 0.25
train_tile_px = 512  # mitos tile --size
normalize_stain = dict(type='NormalizeStain', method='macenko')  # paper; the target is ours
# 50 px: MIDOG's own labels are squares of 50 px around each mitotic figure.
labels_to_boxes = dict(type='CentroidsToBoxes', size='50px')
load_and_label = [_base_.load_frame, normalize_stain, _base_.load_labels, labels_to_boxes]
# Paper: crops with a minimum IoU of 0.3, scales of 512 and four others in steps of 64 px. Flips are ours: the paper "considered" them.
crop = dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.3)
resize = dict(
    type='RandomChoiceResize', scales=[(384, 384), (448, 448), (512, 512), (576, 576), (640, 640)], keep_ratio=True)
flip = dict(type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal'])

train_pipeline = [*load_and_label, crop, resize, flip, _base_.pack]
test_pipeline = [_base_.load_frame, normalize_stain, _base_.pack_frame]

train_dataloader = dict(
    batch_size=4,  # paper
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        data_root=data_root,
        ann_file='tiles_train/tiles.json',
        data_prefix=dict(img='tiles_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file='annotations_val.json', data_prefix=dict(img='images/'), pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(radius='7.5um')  # contest
test_evaluator = val_evaluator
