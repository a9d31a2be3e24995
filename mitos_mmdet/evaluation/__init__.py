"""Contest scores from centroids. Only ``centroid_metric`` needs mmdet."""
