"""Fourth stage: train, calibrate, evaluate and store coders; review their codings."""
