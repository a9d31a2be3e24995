# What masks add: mask_rcnn_lite0_small_atypia14.py without its mask branch, everything else alike; boxes still come from the masks.
_base_ = '../small/mask_rcnn_lite0_small_atypia14.py'
model = dict(
    detector=dict(
        type='FasterRCNN',
        data_preprocessor=dict(pad_mask=False),
        roi_head=dict(mask_roi_extractor=None, mask_head=None)))
