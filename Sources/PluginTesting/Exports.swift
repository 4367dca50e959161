// The vocabulary of adapters comes with the suites that test them.
@_exported public import PluginCore
