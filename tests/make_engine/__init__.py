"""Runs a Make app as Make does, from its files alone: https://developers.make.com/custom-apps-documentation

    app = App.read(folder)
    engine = Engine(app)
    engine.connect({"relayUrl": ..., "apiKey": ...})
    engine.search("searchInvoices", {"limit": 300})

What Make's documentation does not say is an error here: an unknown function, an unknown variable, an unknown key.
"""
