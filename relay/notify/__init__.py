"""Messages to people: by e-mail, SMS or chat, over channels that the operator named.

A message is made (`message`, from `templates/`), given to the first channel that takes it now (`limits`) and sent
(`sending`): mail in a conversation of our own (`mail`), all else by apprise's plugins through our own door (`wire`).
"""
