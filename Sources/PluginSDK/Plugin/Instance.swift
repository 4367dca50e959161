internal import PluginABI
internal import PluginCore

/// What the host's opaque instance pointer points to: the author's value, once for each protocol that it conforms to.
///
/// Conformances are looked up when the instance is made, so that a call casts nothing. The operations that are called most
/// go through an object of the author's type (``EmbedderCaller``, ``HookCaller``), because a call through an existential
/// copies it.
@safe
struct Instance {
    let plugin: UnsafeMutablePointer<any PluginImplementation>
    let configurable: UnsafeMutablePointer<any ConfigurablePlugin>?
    let scheduled: UnsafeMutablePointer<any ScheduledPlugin>?
    let failureObserver: UnsafeMutablePointer<any FailureObservingPlugin>?
    let modelOffering: UnsafeMutablePointer<any ModelOffering>?
    let provider: UnsafeMutablePointer<any ProviderPlugin>?
    let generator: UnsafeMutablePointer<any GeneratingProviderPlugin>?
    let requestCounter: UnsafeMutablePointer<any RequestTokenCounting>?
    let prewarmer: UnsafeMutablePointer<any Prewarming>?
    let embedder: UnsafeMutablePointer<any EmbedderPlugin>?
    let embedderCaller: Unmanaged<EmbedderCaller>?
    let textCounter: UnsafeMutablePointer<any TextTokenCounting>?
    let vectors: UnsafeMutablePointer<any VectorBackendPlugin>?
    let itemReader: UnsafeMutablePointer<any VectorItemReading>?
    let metadataUpdater: UnsafeMutablePointer<any VectorMetadataUpdating>?
    let snapshotter: UnsafeMutablePointer<any VectorSnapshotting>?
    let executor: UnsafeMutablePointer<any ToolExecutorPlugin>?
    let typedTools: UnsafeMutablePointer<any TypedToolRunning>?
    let runConversation: UnsafeMutablePointer<any RunConversing>?
    let tools: UnsafeMutablePointer<any ToolPlugin>?
    let operations: UnsafeMutablePointer<any OperationPlugin>?
    let hooks: UnsafeMutablePointer<any HookPlugin>?
    let hookCaller: Unmanaged<HookCaller>?
    let messages: UnsafeMutablePointer<any MessagePlugin>?
    let endpoints: UnsafeMutablePointer<any EndpointPlugin>?
    let functions: UnsafeMutablePointer<any FunctionPlugin>?

    init(_ value: any PluginImplementation) {
        unsafe plugin = keep(value)!
        unsafe configurable = keep(value as? any ConfigurablePlugin)
        unsafe scheduled = keep(value as? any ScheduledPlugin)
        unsafe failureObserver = keep(value as? any FailureObservingPlugin)
        unsafe modelOffering = keep(value as? any ModelOffering)
        unsafe provider = keep(value as? any ProviderPlugin)
        unsafe generator = keep(value as? any GeneratingProviderPlugin)
        unsafe requestCounter = keep(value as? any RequestTokenCounting)
        unsafe prewarmer = keep(value as? any Prewarming)
        unsafe embedder = keep(value as? any EmbedderPlugin)
        unsafe embedderCaller = (value as? any EmbedderPlugin).map { unsafe .passRetained(EmbedderCaller.of($0)) }
        unsafe textCounter = keep(value as? any TextTokenCounting)
        unsafe vectors = keep(value as? any VectorBackendPlugin)
        unsafe itemReader = keep(value as? any VectorItemReading)
        unsafe metadataUpdater = keep(value as? any VectorMetadataUpdating)
        unsafe snapshotter = keep(value as? any VectorSnapshotting)
        unsafe executor = keep(value as? any ToolExecutorPlugin)
        unsafe typedTools = keep(value as? any TypedToolRunning)
        unsafe runConversation = keep(value as? any RunConversing)
        unsafe tools = keep(value as? any ToolPlugin)
        unsafe operations = keep(value as? any OperationPlugin)
        unsafe hooks = keep(value as? any HookPlugin)
        unsafe hookCaller = (value as? any HookPlugin).map { unsafe .passRetained(HookCaller.of($0)) }
        unsafe messages = keep(value as? any MessagePlugin)
        unsafe endpoints = keep(value as? any EndpointPlugin)
        unsafe functions = keep(value as? any FunctionPlugin)
    }

    func free() {
        unsafe release(plugin)
        unsafe release(configurable)
        unsafe release(scheduled)
        unsafe release(failureObserver)
        unsafe release(modelOffering)
        unsafe release(provider)
        unsafe release(generator)
        unsafe release(requestCounter)
        unsafe release(prewarmer)
        unsafe release(embedder)
        unsafe embedderCaller?.release()
        unsafe release(textCounter)
        unsafe release(vectors)
        unsafe release(itemReader)
        unsafe release(metadataUpdater)
        unsafe release(snapshotter)
        unsafe release(executor)
        unsafe release(typedTools)
        unsafe release(runConversation)
        unsafe release(tools)
        unsafe release(operations)
        unsafe release(hooks)
        unsafe hookCaller?.release()
        unsafe release(messages)
        unsafe release(endpoints)
        unsafe release(functions)
    }

    /// The instance of an operation.
    @inline(__always)
    static func of(_ instance: OpaquePointer?, _ operation: StaticString) throws(PluginError) -> UnsafePointer<Instance>
    {
        guard let instance = unsafe instance else { throw Operation.missingInstance(operation) }
        return unsafe UnsafePointer(instance)
    }
}

private func keep<Value>(_ value: Value?) -> UnsafeMutablePointer<Value>? {
    guard let value else { return nil }
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    unsafe memory.initialize(to: value)
    return unsafe memory
}

private func release<Value>(_ memory: UnsafeMutablePointer<Value>?) {
    guard let memory = unsafe memory else { return }
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
}
