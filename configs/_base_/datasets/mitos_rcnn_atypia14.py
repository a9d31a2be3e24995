# MITOS-ATYPIA-14 as MITOS-RCNN (section IV-A) takes it: a frame cut into 4 x 4 equal parts, each resized to 299 x 299 px, original or
# Macenko-normalised, at one of four quarter turns. docs/mitos_rcnn.md has the commands that lay the data out.
_base_ = './frames.py'
data_root = 'data/atypia14/'
um_per_px = 0.3  # of the network's image: 378 x 338 um (Hamamatsu) in 4 x 299 px, 0.316 along x and 0.283 along y

load_and_label = [
    _base_.load_frame,
    dict(type='NormalizeStain', prob=0.5),  # paper: normalised copies beside the originals
    _base_.load_labels
]
labels_to_boxes = dict(type='CentroidsToBoxes', size='30px')  # paper: the mean of its boxes, in px of the frame (docs/paper_deviations.md)
turn_and_resize = [dict(type='RandomRotate90'), dict(type='Resize', scale=(299, 299), keep_ratio=False)]  # paper
train_pipeline = [*load_and_label, labels_to_boxes, *turn_and_resize, _base_.pack]
# The frame at the scale of its sixteenths, whatever the scanner: 4 x 299 = 1196 px a side. TiledDetector cuts it into tiles of 299 px,
# which are the paper's sixteenths where they do not overlap, and gives boxes back in px of the frame. Another contest's frames, of another
# size in um, need another scale (docs/mitos_rcnn.md).
# Normalised: "all image data was normalized", the originals kept beside; which of both its test images are the paper does not say (ours).
test_pipeline = [
    _base_.load_frame,
    dict(type='NormalizeStain'),
    dict(type='Resize', scale=(1196, 1196), keep_ratio=False), _base_.pack_frame
]
train_test_differences = dict(
    NormalizeStain='paper: training sees normalised copies beside the originals; a test frame is normalised',
    Resize='training resizes sixteenths of a frame to 299 px, the test a whole frame to 4 x 299 px: the same scale')

train_dataloader = dict(
    batch_size=10,  # paper
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        data_root=data_root,
        ann_file='tiles_4x4_train/tiles.json',
        data_prefix=dict(img='tiles_4x4_train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file='annotations_val.json', data_prefix=dict(img=''), pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(radius='8um')  # paper, and the contest
test_evaluator = val_evaluator
