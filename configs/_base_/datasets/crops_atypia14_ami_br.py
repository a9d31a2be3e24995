# Crops of 256 px of MITOS-ATYPIA-14's frames and mosaics of AMi-Br's patches (five scanners); docs/data.md: files. All shares are ours.
_base_ = './frames.py'
data_root = 'data/'
um_per_px = 0.2274  # the contest's Hamamatsu frames; mosaics are scaled to it
# Written by mitos measure-stains.
stains, ami_br_stains = 'atypia14/stains_train.json', 'ami_br/stains.json'

# In training each crop gets the stain of some slide of the bank; in inference images stay as they were scanned.
train_pipeline = [
    dict(type='RandomStainTransfer', bank=[data_root + stains, data_root + ami_br_stains]),
    dict(type='RandomScanner'), _base_.pack
]
test_pipeline = [_base_.load_frame, dict(type='ResizeToPixelSize', um_per_px=um_per_px), _base_.pack_frame]
train_test_differences = dict(Resize='training crops are cut and scaled by their datasets')
# Hard negatives place crops and stay background: a detector of one class (ours: ranks better, docs/results.md).
crops = dict(
    metainfo=dict(classes=('mitotic figure', 'hard negative')), background=('hard negative', ), crop_size=256, pipeline=train_pipeline)
train_dataloader = dict(
    batch_size=32,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='CropDataset',
                data_root=data_root,
                ann_file=stains,
                data_prefix=dict(img='atypia14/'),
                length=14000,
                shares=(0.35, 0.25, 0.4),
                **crops),
            dict(
                type='PatchMosaicDataset',
                data_root=data_root,
                ann_file=ami_br_stains,
                data_prefix=dict(img='ami_br/'),
                um_per_px=um_per_px,
                length=6000,
                **crops)
        ]))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='atypia14/annotations_val.json',
        data_prefix=dict(img='atypia14/'),
        metainfo=dict(classes=('mitotic figure', )),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(radius='8um')  # contest
test_evaluator = val_evaluator
