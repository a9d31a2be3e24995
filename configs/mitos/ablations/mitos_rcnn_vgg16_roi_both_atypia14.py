# mitos_rcnn_vgg16_atypia14.py with RoIs pooled from conv3+4 and from conv4, concatenated.
_base_ = '../mitos_rcnn_vgg16_atypia14.py'
model = dict(
    detector=dict(
        roi_head=dict(
            bbox_roi_extractor=dict(
                _delete_=True,
                type='GenericRoIExtractor',
                aggregation='concat',
                roi_layer=dict(type='RoIPool', output_size=7),
                out_channels=768,
                featmap_strides=[4, 8]),
            bbox_head=dict(in_channels=768))))
