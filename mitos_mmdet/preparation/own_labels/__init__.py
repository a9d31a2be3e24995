"""Labels of one's own, as other programs write them, to the frames that the contests' readers give; one kind of label file per module.

``convert`` takes a kind in place of a contest. ``csv`` and ``yolo`` offer ``read_labels(root) -> list of Found``; ``points``, which reads
GeoJSON and COCO, ``read_labels(root, format)``.
"""

# What the command line calls them, and what each reads.
KINDS = {
    'csv': 'CSV with a header: points or boxes, one file for all images or one per image',
    'qupath': 'GeoJSON of QuPath, one file per image: points, boxes or outlines',
    'yolo': 'YOLO text files, one per image: class and box as shares of the image',
    'coco': 'COCO json: boxes, or centroids',
}
