print("loqt")
