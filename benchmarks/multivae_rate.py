"""Rate of MultiVae's MVAE over the networks of `mnist_networks`, by its own trainer. Run by mnist_rate.py.

The environment is its own, with multivae, pythae and torch; a stand-in for torchvision suffices.

    python benchmarks/multivae_rate.py --batch 256 [--specimens 12800] [--repeats 3]

Prints one JSON document: specimens per second of each repeat, and versions.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import tempfile
import time
import types


def stand_in_for_torchvision() -> None:
    """Modules that multivae imports and does not use here."""
    try:
        import torchvision  # noqa: F401
    except ImportError:
        for name in ("", ".datasets", ".datasets.utils", ".transforms", ".utils", ".models", ".io"):
            sys.modules[f"torchvision{name}"] = _StandIn(f"torchvision{name}")


class _StandIn(types.ModuleType):
    """A package that has whatever is asked of it."""

    __path__ = ()

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--specimens", type=int, default=12800)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    stand_in_for_torchvision()
    import torch
    from mnist_networks import LATENT, image_decoder, image_encoder, line_decoder, line_encoder
    from multivae.data.datasets import MultimodalBaseDataset
    from multivae.models import MVAE, MVAEConfig
    from multivae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn.base_architectures import BaseDecoder, BaseEncoder

    torch.set_num_threads(chosen.threads)

    class Encoder(BaseEncoder):
        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network, self.latent_dim = network, LATENT

        def forward(self, x: torch.Tensor) -> ModelOutput:
            mean, log_variance = self.network(x).chunk(2, -1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, z: torch.Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.network(z))

    data = MultimodalBaseDataset(
        {"image": torch.randn(chosen.specimens, 784), "line": torch.randn(chosen.specimens, 20)}
    )
    config = MVAEConfig(
        n_modalities=2,
        latent_dim=LATENT,
        input_dims={"image": (784,), "line": (20,)},
        decoders_dist={"image": "normal", "line": "normal"},
        use_subsampling=True,
        warmup=1,
    )
    rates: list[float] = []
    for _ in range(chosen.repeats):
        model = MVAE(
            config,
            {"image": Encoder(image_encoder()), "line": Encoder(line_encoder())},
            {"image": Decoder(image_decoder()), "line": Decoder(line_decoder())},
        )
        with tempfile.TemporaryDirectory() as folder:
            settings = BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=chosen.batch,
                num_epochs=2,
                learning_rate=1e-3,
                no_cuda=True,
            )
            trainer = BaseTrainer(model, train_dataset=data, training_config=settings)
            trainer.prepare_training()
            trainer.train_step(epoch=1)  # warms up
            begun = time.perf_counter()
            trainer.train_step(epoch=2)
            rates.append(chosen.specimens / (time.perf_counter() - begun))
    versions = {name: importlib.metadata.version(name) for name in ("multivae", "pythae", "torch")}
    print(json.dumps({"rates": rates, "versions": versions, "threads": chosen.threads}))


if __name__ == "__main__":
    main()
