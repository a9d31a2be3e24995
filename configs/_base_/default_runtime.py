default_scope = 'mmdet'
# The one line that a config of any mmdet 3.x pipeline needs for the components of this project.
custom_imports = dict(imports=['mitos_mmdet.register'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='MainLoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=2, save_best='centroid/f1', rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    check_training=dict(type='CheckTrainingHook'),
    resume_state=dict(type='ResumeStateHook'),
    visualization=dict(type='DetVisualizationHook'))
env_cfg = dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0), dist_cfg=dict(backend='nccl'))
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='DetLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False
