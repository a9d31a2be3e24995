"""Detections and truth from anywhere, and back: one format a file. numpy alone, neither torch nor mmdet."""
