# MITOS-ATYPIA-14 as the Mask R-CNN paper on TUPAC16 (2020), sections 3.2 and 3.3, takes its data: crops of 512 px that overlap by 60 %,
# stain-normalised, flipped, with masks drawn around the centroids. docs/mask_rcnn.md has the commands that lay the data out.
dataset_type = 'MitosisDataset'
data_root = 'data/atypia14/'
um_per_px = 0.2274  # Hamamatsu x40: 0.2273 along x, 0.2275 along y
metainfo = dict(classes=('mitotic figure', ))  # paper: hard negatives are background

train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='CentroidsToMasks'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'um_per_px', 'scanner', 'case_id', 'domain',
                   'labelled', 'instances', 'broken'))
]

train_dataloader = dict(
    batch_size=2,  # paper
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='tiles_512_train/tiles.json',
        data_prefix=dict(img='tiles_512_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations_val.json',
        data_prefix=dict(img=''),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='CentroidMetric', radius='30px')  # paper
test_evaluator = val_evaluator
