# Phase one's candidates on MITOS-ATYPIA-14, cut by mitos candidates (docs/two_phase.md). They come from frames that the test
# pipeline has stain-normalised, so the stain is not touched again.
_base_ = './frames.py'
data_root = 'data/atypia14/'
metainfo = dict(classes=('mitotic figure', ))  # a patch of another class is one without a mitotic figure
flip = dict(type='RandomFlip', prob=0.5, direction='horizontal')  # paper

train_pipeline = [_base_.load_frame, _base_.load_labels, flip, _base_.pack]
test_pipeline = [_base_.load_frame, _base_.pack_frame]

train_dataloader = dict(
    batch_size=12,  # paper
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='candidates_train/candidates.json',
        data_prefix=dict(img='candidates_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='candidates_val/candidates.json',
        data_prefix=dict(img='candidates_val/images/'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader

# Patches counted as frames: a mitotic figure lies in the middle of its patch, where the prediction is.
val_evaluator = dict(radius='30px')
test_evaluator = val_evaluator
