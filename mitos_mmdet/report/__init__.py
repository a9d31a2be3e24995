"""One HTML page that shows an ``Evaluation``. numpy, matplotlib and PIL; only ``report_metric`` needs mmdet."""
