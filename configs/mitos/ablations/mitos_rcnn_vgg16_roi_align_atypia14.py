# A variant (ours): RoIAlign in place of the published RoIPool.
_base_ = '../mitos_rcnn_vgg16_atypia14.py'
model = dict(
    detector=dict(
        roi_head=dict(bbox_roi_extractor=dict(roi_layer=dict(_delete_=True, type='RoIAlign', output_size=7, sampling_ratio=2)))))
