# mitos_rcnn_lite0_small_atypia14.py with RoIs pooled from conv3+4 and from conv4, concatenated.
_base_ = '../small/mitos_rcnn_lite0_small_atypia14.py'
model = dict(
    detector=dict(
        roi_head=dict(
            bbox_roi_extractor=dict(
                _delete_=True,
                type='GenericRoIExtractor',
                aggregation='concat',
                roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
                out_channels=168,
                featmap_strides=[4, 8]),
            bbox_head=dict(in_channels=168))))
