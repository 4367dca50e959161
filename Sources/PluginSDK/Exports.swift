// Authors import one module: the vocabulary of adapters comes with it, and the C types of the entry's signature.
@_exported public import PluginABI
@_exported public import PluginCore
