public import Testing

extension Trait where Self == ConditionTrait {
    /// The test builds plugins.
    public static var needsCompiler: Self {
        .enabled(if: Programs.compiler != nil, "there is no C compiler on PATH (cc, gcc or clang)")
    }
}
