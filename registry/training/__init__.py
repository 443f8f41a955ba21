"""Training segmentation networks in Keras: network, data, loss, schedules, and the configuration of a run."""
