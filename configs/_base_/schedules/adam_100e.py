# Paper (Mask R-CNN on TUPAC16, section 3.8, of ResNet101): Adam at 1e-4, decay 1e-2, 100 epochs, early stopping "when no significant
# improvement on the validation set is noted". How many validations that is, and by how much, is ours.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.0001, weight_decay=0.01))
custom_hooks = [dict(type='EarlyStoppingHook', monitor='centroid/f1', rule='greater', min_delta=0.001, patience=10)]
auto_scale_lr = dict(enable=False, base_batch_size=12)
