# ICPR 2012 as MITOS-RCNN takes it. Split by case: the contest's own split has the same patients on both sides.
_base_ = './mitos_rcnn_atypia14.py'
data_root = 'data/icpr2012/'
um_per_px = 0.428  # of the network's image: 512 um (Aperio) in 4 x 299 px
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
