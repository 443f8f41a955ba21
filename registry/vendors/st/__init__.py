"""`user_config.yaml` of STMicroelectronics' model zoo services, use case semantic segmentation.

Key names, defaults and meanings are facts of the services' published documentation, examples and configuration
checks: the older layout with `general.model_path` and `training.model`, the newer one with a section `model`.
"""
