# MITOS-ATYPIA-14 (Hamamatsu x40 frames), laid out as docs/data.md says: the contest's folders, training tiles of 256 px in tiles_train/.
_base_ = './midog.py'
data_root = 'data/atypia14/'
um_per_px = 0.2274  # Hamamatsu x40: 0.2273 along x, 0.2275 along y
# 50 px (11.4 um) as MIDOG labels figures (ours: the contest gives points without a size).
train_pipeline = [
    dict(type='LoadFrame'),
    dict(type='NormalizeStain', method='macenko'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='CentroidsToBoxes', size='50px'),
    # Mild colours: nothing is pretrained, and slides differ in stain (ours).
    dict(type='PhotoMetricDistortion', brightness_delta=20, contrast_range=(0.8, 1.2), saturation_range=(0.8, 1.2), hue_delta=8),
    # Half of the paper's 512 px and of its steps; crops keep at least 0.7 of a side, as figures must keep their size (ours).
    dict(type='MinIoURandomCrop', min_ious=(0.3, ), min_crop_size=0.7),
    dict(
        type='RandomChoiceResize',
        scales=[(192, 192), (224, 224), (256, 256), (288, 288), (320, 320)],
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackDetInputs')
]
train_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, data_prefix=dict(img='')))
test_dataloader = val_dataloader
val_evaluator = dict(radius='8um')  # contest
test_evaluator = val_evaluator
