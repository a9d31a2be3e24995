"""Contest files in, data samples out. Import the modules by name: only some of them need mmdet."""
