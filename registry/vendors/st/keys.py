"""Keys that the services know, by section, and those that change no result."""

from __future__ import annotations

_PATHS = ("path", "masks_path", "files_path")
_ON_TARGET = ("target", "profile", "input_type", "output_type", "input_chpos", "output_chpos")

SECTIONS: dict[str, tuple[str, ...]] = {
    "general": (
        "project_name", "model_path", "model_type", "logs_dir", "saved_models_dir", "deterministic_ops",
        "display_figures", "global_seed", "gpu_memory_limit", "num_threads_tflite",
    ),
    "model": (
        "framework", "model_type", "model_path", "model_name", "alpha", "output_stride", "pretrained",
        "pretrained_weights", "input_shape",
    ),
    "operation_mode": (),
    "dataset": (
        "name", "dataset_name", "class_names", "classes_file_path",
        *(f"{part}_{path}" for part in ("training", "validation", "test", "quantization") for path in _PATHS),
        "validation_split", "quantization_split", "prediction_path", "check_image_files", "seed",
    ),
    "preprocessing": (
        "rescaling.scale", "rescaling.offset", "resizing.interpolation", "resizing.aspect_ratio", "color_mode",
    ),
    "data_augmentation": ("*",),
    "training": (
        "model.name", "model.version", "model.alpha", "model.aspp", "model.output_stride", "model.input_shape",
        "model.pretrained_weights", "model.pretrained_model_path", "batch_size", "epochs", "optimizer",
        "optimizer.*", "dropout", "frozen_layers", "callbacks", "callbacks.*", "resume_training_from",
        "trained_model_path", "dryrun", "trainer_name",
    ),
    "quantization": (
        "quantizer", "quantization_type", "quantization_input_type", "quantization_output_type", "granularity",
        "target_opset", "optimize", "extra_options", "onnx_extra_options.CalibMovingAverage", "export_dir",
    ),
    "evaluation": (*_ON_TARGET, "gen_npy_input", "gen_npy_output", "npy_in_name", "npy_out_name"),
    "prediction": (*_ON_TARGET, "seed", "test_files_path"),
    "tools": (
        *(f"{tool}.{key}" for tool in ("stedgeai", "stm32ai")
          for key in ("version", "optimization", "on_cloud", f"path_to_{tool}")),
        "path_to_cubeIDE",
    ),
    "benchmarking": ("board",),
    "deployment": (
        "c_project_path", "IDE", "verbosity", "label_file_path", "board_deploy_path", "hardware_setup.serie",
        "hardware_setup.board", "hardware_setup.stlink_serial_number", "hardware_setup.ip_address",
        "hardware_setup.output",
    ),
    "mlflow": ("uri",),
    "hydra": ("*",),
}  # fmt: skip
"""Keys below each section, dotted; a star stands for whatever is below."""

_FOLDERS = "each step has its own folder below -o DIR"
_TOOLS = "this machine's tools are its own matter"
NO_EFFECT = {
    "general.logs_dir": _FOLDERS,
    "general.saved_models_dir": _FOLDERS,
    "quantization.export_dir": _FOLDERS,
    "hydra.*": _FOLDERS,
    "mlflow.uri": "the record of the run is a file, pipeline.json; --track logs it in MLflow",
    "general.display_figures": "nothing is shown in windows",
    "general.gpu_memory_limit": "bounds memory alone",
    "general.deterministic_ops": "training is always deterministic",
    "dataset.check_image_files": "every image is read and judged anyway",
    "training.trainer_name": "there is one trainer",
    "training.callbacks.TerminateOnNaN": "a loss that is no number always ends the training",
    "training.callbacks.ReduceLROnPlateau.verbose": "says more, changes nothing",
    "training.callbacks.EarlyStopping.verbose": "says more, changes nothing",
    "training.callbacks.EarlyStopping.restore_best_weights": "the weights of the least val_loss are kept",
    "evaluation.npy_in_name": "no arrays are written",
    "evaluation.npy_out_name": "no arrays are written",
    "prediction.seed": "predicting draws nothing",
    "tools.path_to_cubeIDE": _TOOLS,
    "tools.stedgeai.path_to_stedgeai": _TOOLS,
    "tools.stm32ai.path_to_stm32ai": _TOOLS,
    "deployment.c_project_path": "changes no model",
    "deployment.IDE": "changes no model",
    "deployment.verbosity": "says more, changes nothing",
}
"""Keys that change no result, and why."""

CHAINS: dict[str, tuple[str, ...]] = {
    "training": ("train",),
    "quantization": ("quantize",),
    "evaluation": ("evaluate",),
    "benchmarking": ("benchmark",),
    "deployment": ("deploy",),
    "prediction": ("predict",),
    "chain_tqe": ("train", "quantize", "evaluate"),
    "chain_tqeb": ("train", "quantize", "evaluate", "benchmark"),
    "chain_eqe": ("evaluate", "quantize", "evaluate"),
    "chain_eqeb": ("evaluate", "quantize", "evaluate", "benchmark"),
    "chain_qb": ("quantize", "benchmark"),
    "chain_qd": ("quantize", "deploy"),
}
"""Steps of each operation mode."""

USED_BY = {
    "data_augmentation": ("train",),
    "training": ("train",),
    "quantization": ("quantize",),
    "evaluation": ("evaluate",),
    "prediction": ("predict",),
    "tools": ("benchmark", "deploy"),
    "benchmarking": ("benchmark",),
    "deployment": ("deploy",),
    "preprocessing": ("train", "quantize", "evaluate", "predict"),
}
"""Steps that ask for a section as a whole; of the others each step asks for some keys."""


def listed(dotted: str, names: tuple[str, ...] | dict[str, str]) -> str | None:
    """The name of a list that stands for a dotted key: itself, or one that ends in a star."""
    if dotted in names:
        return dotted
    steps = dotted.split(".")
    return next((star for cut in range(len(steps)) if (star := ".".join([*steps[:cut], "*"])) in names), None)


def known(path: tuple[str, ...]) -> bool:
    """Whether the services know a key, or a mapping that leads to one."""
    section, rest = path[0], ".".join(path[1:])
    if section not in SECTIONS:
        return False
    names = SECTIONS[section]
    return not rest or listed(rest, names) is not None or any(name.startswith(f"{rest}.") for name in names)
