"""Tiny classifiers of several encoders with random weights, in the form Hugging Face publishes, and what
that implementation computes from them in double: states, logits, loss, every gradient, ten AdamW
steps. NAME... makes only these."""

import importlib.metadata
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from fixture import DIRECTORY, Fixture, random_generator

LEARNING_RATE = 3e-3
PADDING = {"roberta": 1}


def random_state(model, label):
    """Weights large enough that attention and activations are far from their linear range."""
    generator = random_generator(label)
    return {
        name: torch.tensor(
            generator.standard_normal(tuple(p.shape)) * 0.15
            + name.endswith(("LayerNorm.weight", "layer_norm.weight")),
            dtype=torch.float32,
        )
        for name, p in model.named_parameters()
    }


def texts(generator, family, has_segments):
    """Four texts of several lengths, padded at their ends, each of two segments where the model tells
    them apart."""
    ids = generator.integers(3, 61, (4, 11))
    visible = np.ones_like(ids)
    for row, length in enumerate((11, 7, 1, 9)):
        ids[row, length:] = PADDING.get(family, 0)
        visible[row, length:] = 0
    segments = np.zeros_like(ids)
    if has_segments:
        segments[:, 5:] = 1
    return {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(visible),
        "token_type_ids": torch.tensor(segments),
    }


def logits(model, inputs, **options):
    """A model that does not tell segments apart does not take them either."""
    if isinstance(model, DistilBertForSequenceClassification):
        inputs = {k: v for k, v in inputs.items() if k != "token_type_ids"}
    return model(**inputs, **options)


def training_losses(make_model, state, batches, dtype):
    """The loss before each step, on that step's batch, and finally on the first batch again."""
    model = make_model().to(dtype)
    model.load_state_dict(state, strict=False)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=0.1, foreach=False
    )
    losses = []
    for inputs, labels in [*batches, batches[0]]:
        loss = F.cross_entropy(logits(model, inputs).logits, labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.array(losses)


def make(family, config, model_class, name=None):
    name = name or f"{family}_tiny"
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    config.architectures = [model_class.__name__]
    make_model = lambda: model_class(config).eval()
    model = make_model()
    state = random_state(model, name)
    model.load_state_dict(state, strict=False)
    model = model.double()

    generator = random_generator(name + "/ids")
    has_segments = getattr(config, "type_vocab_size", 0) > 1
    inputs = texts(generator, family, has_segments)
    labels = torch.tensor(generator.integers(0, 3, 4))
    output = logits(model, inputs, output_hidden_states=True)
    loss = F.cross_entropy(output.logits, labels)
    loss.backward()
    batches = [(texts(generator, family, has_segments), torch.tensor(generator.integers(0, 3, 4)))
               for _ in range(10)]
    losses = training_losses(make_model, state, batches, torch.float64)
    single = training_losses(make_model, state, batches, torch.float32)
    difference = np.abs(losses - single).max()
    assert difference < 1e-3, difference

    directory = DIRECTORY / name
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "model.safetensors"
    save_file({k: v.numpy() for k, v in state.items()}, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    values = json.loads(config.to_json_string())
    values["transformers_version"] = importlib.metadata.version("transformers")
    text = json.dumps(values, indent=2, sort_keys=True) + "\n"
    (directory / "config.json").write_text(text)

    fixture = Fixture(
        f"{name}/expected",
        "Computed in double, without dropout. loss is the mean cross entropy of the logits. "
        "training/losses: before each of ten AdamW steps, and at last on the first batch. All "
        "parameters decay by .1.",
        ("transformers", "torch", "numpy"),
    )
    fixture.add(
        "forward",
        {},
        **inputs,
        labels=labels,
        states=output.hidden_states[-1].detach(),
        logits=output.logits.detach(),
        loss=loss.detach(),
    )
    fixture.add("gradients", {}, **{n: p.grad.numpy() for n, p in model.named_parameters()})
    fixture.add(
        "training",
        {"learning_rate": LEARNING_RATE, "float32_loss_difference": float(f"{difference:.1e}")},
        labels=torch.stack([labels for _, labels in batches]),
        losses=losses,
        **{k: torch.stack([b[k] for b, _ in batches]) for k in inputs},
    )
    fixture.save()


SIZES = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "num_labels": 3,
    "attn_implementation": "eager",
}

make("bert", BertConfig(max_position_embeddings=16, **SIZES), BertForSequenceClassification)
make(
    "roberta",
    RobertaConfig(
        max_position_embeddings=18, type_vocab_size=1, layer_norm_eps=1e-5,
        hidden_act="gelu_new", **SIZES
    ),
    RobertaForSequenceClassification,
)
# Heads of five, not of eight; distances beyond four share rows.
ODD = SIZES | {"hidden_size": 20, "intermediate_size": 28, "pooler_hidden_size": 20}
make(
    "deberta",
    DebertaV2Config(
        max_position_embeddings=16, type_vocab_size=0, position_buckets=8, relative_attention=True,
        share_att_key=True, pos_att_type="p2c|c2p", norm_rel_ebd="layer_norm",
        position_biased_input=False, pooler_dropout=0, **ODD
    ),
    DebertaV2ForSequenceClassification,
)
make(
    "deberta",
    DebertaV2Config(
        max_position_embeddings=16, type_vocab_size=2, max_relative_positions=5,
        relative_attention=True, share_att_key=True, pos_att_type=["p2c"],
        position_biased_input=True, pooler_dropout=0, **ODD
    ),
    DebertaV2ForSequenceClassification,
    "deberta_other",
)
DISTILLED = {
    "vocab_size": 61, "dim": 20, "hidden_dim": 28, "n_layers": 2, "n_heads": 4, "dropout": 0.0,
    "attention_dropout": 0.0, "seq_classif_dropout": 0.0, "num_labels": 3,
    "attn_implementation": "eager",
}
make(
    "distilbert",
    DistilBertConfig(max_position_embeddings=16, **DISTILLED),
    DistilBertForSequenceClassification,
)
