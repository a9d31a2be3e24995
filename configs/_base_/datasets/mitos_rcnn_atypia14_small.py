# mitos_rcnn_atypia14.py for short runs on two CPU cores (ours).
_base_ = './mitos_rcnn_atypia14.py'
train_dataloader = dict(batch_size=8, sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True))
