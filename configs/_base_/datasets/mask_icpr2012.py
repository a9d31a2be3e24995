# ICPR 2012 with the pathologists' outlines as masks. Split by case: the contest's own split has the same patients on both sides.
_base_ = './mask_atypia14.py'
data_root = 'data/icpr2012/'
um_per_px = 0.2456  # Aperio
labels_to_masks = dict(type='CentroidsToMasks', source='outlines')
train_pipeline = [
    _base_.load_frame, _base_.normalize_stain, _base_.load_labels, labels_to_masks, _base_.flip, _base_.pack
]
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
