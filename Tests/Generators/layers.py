"""Forward values and gradients of convolutions, poolings and losses, by PyTorch in double from float32
inputs."""

import numpy as np
import torch
import torch.nn.functional as F

from fixture import Fixture, f32, random_generator

fixture = Fixture(
    "layers",
    "output = f(inputs); X_gradient is the gradient of sum(output * output_gradient) with respect "
    "to X. Everything in double, rounded once to float32. Images are [batch, channels, height, "
    "width], filters [out, in / groups, height, width].",
    ("torch", "numpy"),
)


def add(case, function, parameters=None, constants=None, **inputs):
    """Calls the function on the inputs, then the constants (no gradient), in order."""
    variables = {
        k: torch.tensor(f32(v), dtype=torch.float64, requires_grad=True) for k, v in inputs.items()
    }
    fixed = {
        k: torch.tensor(f32(v)).double() if np.asarray(v).dtype.kind == "f" else torch.tensor(v)
        for k, v in (constants or {}).items()
    }
    output = function(*variables.values(), *fixed.values())
    output_gradient = f32(random_generator(case + "/output").standard_normal(output.shape))
    output.backward(torch.tensor(output_gradient, dtype=torch.float64))
    tensors = {k: v.detach().numpy() for k, v in variables.items()}
    tensors |= {k + "_gradient": v.grad.numpy() for k, v in variables.items()}
    tensors |= {k: v.numpy() for k, v in fixed.items()}
    fixture.add(
        case,
        parameters,
        output=output.detach().numpy(),
        output_gradient=output_gradient,
        **tensors,
    )


for batch, size, inputs, outputs, window, stride, padding, dilation, groups in (
    (1, (4, 5), 1, 1, (3, 3), (1, 1), (0, 0), (1, 1), 1),
    (2, (7, 6), 3, 4, (3, 2), (2, 1), (1, 0), (1, 2), 1),
    (2, (5, 5), 4, 6, (3, 3), (1, 1), (1, 1), (1, 1), 2),
    (3, (4, 4), 5, 3, (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (1, (9, 8), 4, 4, (3, 3), (2, 3), (2, 2), (2, 1), 4),
):
    case = f"convolution_{batch}x{inputs}x{size[0]}x{size[1]}_{outputs}_groups{groups}"
    g = random_generator(case)
    add(
        case,
        lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups),
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
        x=g.standard_normal((batch, inputs, *size)),
        weight=g.standard_normal((outputs, inputs // groups, *window)),
        bias=g.standard_normal(outputs),
    )

for length, inputs, outputs, window, stride, padding, dilation, groups in (
    (8, 3, 2, 3, 1, 1, 1, 1),
    (11, 4, 4, 4, 2, 3, 2, 2),
):
    case = f"sequence_convolution_{inputs}x{length}_{outputs}"
    g = random_generator(case)
    add(
        case,
        lambda x, w: F.conv1d(x, w, None, stride, padding, dilation, groups),
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
        x=g.standard_normal((2, inputs, length)),
        weight=g.standard_normal((outputs, inputs // groups, window)),
    )

for name, function in (("max", F.max_pool2d), ("average", F.avg_pool2d)):
    for size, window, stride, padding in (
        ((4, 6), (2, 2), (2, 2), (0, 0)),
        ((7, 5), (3, 2), (2, 1), (1, 1)),
        ((3, 3), (3, 3), (1, 1), (1, 1)),
    ):
        case = f"{name}_pooling_{size[0]}x{size[1]}_{window[0]}x{window[1]}"
        add(
            case,
            lambda x: function(x, window, stride, padding),
            {"window": window, "stride": stride, "padding": padding},
            x=random_generator(case).standard_normal((2, 3, *size)),
        )

for name, function in (("max", F.max_pool1d), ("average", F.avg_pool1d)):
    case = f"sequence_{name}_pooling_9"
    add(
        case,
        lambda x: function(x, 3, 2, 1),
        {"window": 3, "stride": 2, "padding": 1},
        x=random_generator(case).standard_normal((2, 3, 9)),
    )

for rows, classes, smoothing in ((1, 2, 0.1), (6, 11, 0.1), (5, 7, 0.9)):
    case = f"smoothed_cross_entropy_{rows}x{classes}"
    g = random_generator(case)
    targets = g.integers(0, classes, rows)
    targets[3:4] = -100
    add(
        case,
        lambda x, t: F.cross_entropy(x, t, ignore_index=-100, label_smoothing=smoothing),
        {"smoothing": smoothing},
        {"targets": targets},
        logits=2 * g.standard_normal((rows, classes)),
    )

for shape in ((1, 3), (5, 7), (2, 3, 4)):
    name = "x".join(str(n) for n in shape)
    case = f"kl_divergence_{name}"
    g = random_generator(case)
    targets = np.exp(2 * g.standard_normal(shape))
    targets[..., 0] = 0
    targets = f32(targets / targets.sum(-1, keepdims=True))
    add(
        case,
        lambda x, t: F.kl_div(F.log_softmax(x, -1), t, reduction="sum") / np.prod(shape[:-1]),
        None,
        {"targets": targets},
        logits=2 * g.standard_normal(shape),
    )
    case = f"binary_cross_entropy_{name}"
    g = random_generator(case)
    add(
        case,
        F.binary_cross_entropy_with_logits,
        None,
        {"targets": f32(g.uniform(size=shape))},
        logits=3 * g.standard_normal(shape),
    )
    case = f"mean_squared_error_{name}"
    g = random_generator(case)
    add(case, F.mse_loss, None, {"targets": f32(g.standard_normal(shape))},
        x=g.standard_normal(shape))

add(
    "binary_cross_entropy_extremes",
    F.binary_cross_entropy_with_logits,
    None,
    {"targets": f32([0, 1, 0.25, 1, 0, 1])},
    logits=np.array([-200.0, 200, 100, -20, 20, 0]),
)

fixture.save()
