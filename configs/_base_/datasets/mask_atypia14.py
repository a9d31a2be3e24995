# MITOS-ATYPIA-14 as the Mask R-CNN paper on TUPAC16 (2020), sections 3.2 and 3.3, takes its data: crops of 512 px that overlap by 60 %,
# stain-normalised, flipped, with masks drawn around the centroids. docs/mask_rcnn.md has the commands that lay the data out.
_base_ = './frames.py'
data_root = 'data/atypia14/'
um_per_px = 0.2274  # Hamamatsu x40: 0.2273 along x, 0.2275 along y
metainfo = dict(classes=('mitotic figure', ))  # paper: hard negatives are background
normalize_stain = dict(type='NormalizeStain')
labels_to_masks = dict(type='CentroidsToMasks')
flip = dict(type='RandomFlip', prob=0.5, direction='horizontal')

train_pipeline = [_base_.load_frame, normalize_stain, _base_.load_labels, labels_to_masks, flip, _base_.pack]
test_pipeline = [_base_.load_frame, normalize_stain, _base_.pack_frame]

train_dataloader = dict(
    batch_size=2,  # paper
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='tiles_512_train/tiles.json',
        data_prefix=dict(img='tiles_512_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations_val.json',
        data_prefix=dict(img=''),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(radius='30px')  # paper
test_evaluator = val_evaluator
