"""Making quantized models from float ones: calibration, converters, the choice of float layers, the gate."""
