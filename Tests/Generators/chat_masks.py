"""Writes Tests/TokenizationTests/Fixtures/ChatMasks with transformers.

    VENV/bin/pip install transformers==5.23.0 tokenizers==0.23.3 jinja2==3.1.6
    VENV/bin/python Tests/Generators/chat_masks.py

NAME.json   small tokenizers of Fixtures/Pipelines, with the special tokens of the chat templates added
masks.json  by tokenizer, template and conversation: the ids, and which of them the model writes, by
            apply_chat_template(return_assistant_tokens_mask=True)

The templates are written down here: those of Qwen 2, Llama 3 and Gemma 1 as far as they are used, and that
of Llama 2, with the words of the assistant and the end of its turn between the marks of a generation.
"""

import importlib.metadata
import json
import pathlib

from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

assert importlib.metadata.version("transformers") == "5.23.0"
FIXTURES = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures"
OUTPUT = FIXTURES / "ChatMasks"
SPECIAL = [
    "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
    "<|eot_id|>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<s>", "</s>"]
START, END = "{% generation %}", "{% endgeneration %}"


def turns(before, after, content="m['content']", assistant="assistant"):
    """A template that writes each turn between `before` and `after`; the model writes the latter."""
    role = "{{ '%s' if m['role'] == 'assistant' else m['role'] }}" % assistant
    head = before.replace("ROLE", role)
    words = "{{ %s }}" % content
    return ("{% for m in messages %}" + head + "{% if m['role'] == 'assistant' %}" + START + words
            + after[0] + END + "{% else %}" + words + after[0] + "{% endif %}" + after[1] + "{% endfor %}")


TEMPLATES = {
    "chatml": turns("<|im_start|>ROLE{{ '\\n' }}", ("<|im_end|>", "{{ '\\n' }}")),
    "llama3": "<|begin_of_text|>" + turns(
        "<|start_header_id|>ROLE<|end_header_id|>{{ '\\n\\n' }}", ("<|eot_id|>", ""),
        "m['content'] | trim"),
    "gemma": "<bos>" + turns(
        "<start_of_turn>ROLE{{ '\\n' }}", ("<end_of_turn>", "{{ '\\n' }}"), "m['content'] | trim",
        "model"),
    "llama2": "{% for m in messages %}{% if m['role'] == 'user' %}<s>[INST] {{ m['content'] | trim }} [/INST]"
              "{% else %}{{ ' ' }}" + START + "{{ m['content'] | trim }} </s>" + END
              + "{% endif %}{% endfor %}",
}
CHATS = [
    [("user", "Hi"), ("assistant", "And God saw the light.")],
    [("user", "In the beginning"), ("assistant", "was\n\nthe word."), ("user", "And then? \u00e9"),
     ("assistant", "the waters \u4f60\u597d 123")],
    [("user", " spaced "), ("assistant", "\n\nyes \n"), ("user", "x"), ("assistant", "  two  words")],
    [("user", "a"), ("assistant", "b"), ("user", "never answered")],
]


def main():
    OUTPUT.mkdir(exist_ok=True)
    rows = []
    for name in ["qwen2", "llama2", "gemma", "mistral"]:
        tokenizer = Tokenizer.from_file(str(FIXTURES / "Pipelines" / f"{name}.json"))
        tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
        (OUTPUT / f"{name}.json").write_text(tokenizer.to_str())
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
        for template, text in TEMPLATES.items():
            for chat in CHATS:
                messages = [{"role": r, "content": c} for r, c in chat]
                result = fast.apply_chat_template(
                    messages, chat_template=text, return_assistant_tokens_mask=True, return_dict=True)
                rows.append({
                    "tokenizer": name, "template": template, "messages": chat,
                    "text": fast.apply_chat_template(messages, chat_template=text, tokenize=False),
                    "ids": result["input_ids"], "mask": result["assistant_masks"]})
    (OUTPUT / "masks.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


main()
