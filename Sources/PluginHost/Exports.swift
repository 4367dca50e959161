// Hosts import one module.
@_exported public import Logging
@_exported public import PluginCore
@_exported public import PluginELF
@_exported public import PluginLoader
