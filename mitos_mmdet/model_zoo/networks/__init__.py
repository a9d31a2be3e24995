"""What computes: detectors on torch and on OpenVINO. Importing these needs torch and mmdet."""
