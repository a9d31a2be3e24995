"""Runs detectors with torch or OpenVINO. Importing these modules needs torch and mmdet."""
