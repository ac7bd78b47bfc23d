"""Tiny BERT and RoBERTa classifiers with random weights, in the form Hugging Face publishes, and what
that implementation computes from them in double: states, logits, loss, every gradient, ten AdamW
steps."""

import importlib.metadata
import json

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from fixture import DIRECTORY, Fixture, random_generator

LEARNING_RATE = 3e-3
PADDING = {"bert": 0, "roberta": 1}


def random_state(model, label):
    """Weights large enough that attention and activations are far from their linear range."""
    generator = random_generator(label)
    return {
        name: torch.tensor(
            generator.standard_normal(tuple(p.shape)) * 0.15 + ("LayerNorm.weight" in name),
            dtype=torch.float32,
        )
        for name, p in model.named_parameters()
    }


def texts(generator, family):
    """Four texts of several lengths, padded at their ends, each of two segments."""
    ids = generator.integers(3, 61, (4, 11))
    visible = np.ones_like(ids)
    for row, length in enumerate((11, 7, 1, 9)):
        ids[row, length:] = PADDING[family]
        visible[row, length:] = 0
    segments = np.zeros_like(ids)
    if family == "bert":
        segments[:, 5:] = 1
    return {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(visible),
        "token_type_ids": torch.tensor(segments),
    }


def training_losses(make_model, state, batches, dtype):
    """The loss before each step, on that step's batch, and finally on the first batch again."""
    model = make_model().to(dtype)
    model.load_state_dict(state, strict=False)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=0.1, foreach=False
    )
    losses = []
    for inputs, labels in [*batches, batches[0]]:
        loss = F.cross_entropy(model(**inputs).logits, labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.array(losses)


def make(family, config, model_class):
    name = f"{family}_tiny"
    config.architectures = [model_class.__name__]
    make_model = lambda: model_class(config).eval()
    model = make_model()
    state = random_state(model, name)
    model.load_state_dict(state, strict=False)
    model = model.double()

    generator = random_generator(name + "/ids")
    inputs = texts(generator, family)
    labels = torch.tensor(generator.integers(0, 3, 4))
    output = model(**inputs, output_hidden_states=True)
    loss = F.cross_entropy(output.logits, labels)
    loss.backward()
    batches = [(texts(generator, family), torch.tensor(generator.integers(0, 3, 4)))
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
