"""Serves the WSGI application of a module: `serve.py keystone.wsgi.api 5000`. Run by the servers' own interpreter."""

import importlib
import sys

if __name__ == "__main__":
    module, port = sys.argv[1:]
    sys.argv = [module]  # OpenStack's services read the command line of whoever loads them
    application = importlib.import_module(module).application
    importlib.import_module("waitress").serve(application, host="127.0.0.1", port=int(port), threads=4)
