# Crops of 256 px of MITOS-ATYPIA-14's frames and mosaics of AMi-Br's patches (five scanners); docs/data.md: files. All shares are ours.
_base_ = './midog.py'
data_root = 'data/atypia14/'
ami_br_root = 'data/ami_br/'
stain_banks = [data_root + 'stains_train.json', ami_br_root + 'stains.json']
train_pipeline = [
    dict(type='PasteMitoticFigures', ann_file=ami_br_root + 'stains.json', data_root=ami_br_root, prob=0.3),
    dict(type='RandomStainTransfer', bank=stain_banks),
    dict(type='RandomScanner'),
    dict(type='PackDetInputs')
]
frame_crops = dict(
    type='CropDataset',
    ann_file=data_root + 'stains_train.json',
    data_prefix=dict(img=data_root),
    length=14000,
    shares=(0.35, 0.25, 0.4),
    pipeline=train_pipeline)
mosaics = dict(
    type='PatchMosaicDataset',
    ann_file=ami_br_root + 'stains.json',
    data_prefix=dict(img=ami_br_root),
    length=6000,
    pipeline=train_pipeline[1:])
# As scanned: stain transfer in training makes up for stain normalisation in inference.
test_pipeline = [
    dict(type='LoadFrame'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'um_per_px', 'scanner', 'case_id', 'domain',
                   'labelled', 'instances', 'broken'))
]
train_dataloader = dict(
    _delete_=True,
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='ConcatDataset', datasets=[frame_crops, mosaics]))
val_dataloader = dict(dataset=dict(data_root=data_root, data_prefix=dict(img=''), pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(radius='8um')  # contest
test_evaluator = val_evaluator
