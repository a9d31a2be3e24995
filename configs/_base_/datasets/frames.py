# What every dataset here shares: the steps that do not depend on the contest, and the loaders. A dataset's base names its own steps once,
# so that training and test cannot differ by accident, and says in train_test_differences where they differ on purpose.
load_frame = dict(type='mitos_mmdet.LoadImageFromFile')  # LoadFrame, by the name that mmdet's inferencer looks for
load_labels = dict(type='LoadAnnotations', with_bbox=True)
# Mild colours: nothing is pretrained, and slides differ in stain (ours).
mild_colours = dict(
    type='ColourJitter', brightness_delta=20, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2), hue_delta=8)
pack = dict(type='PackDetInputs')
pack_frame = dict(type='PackFrameInputs')
train_test_differences = dict()

dataset_type = 'MitosisDataset'
train_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type=dataset_type))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, test_mode=True))
test_dataloader = val_dataloader
val_evaluator = dict(type='CentroidMetric')
test_evaluator = val_evaluator
