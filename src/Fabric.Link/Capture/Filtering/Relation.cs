namespace Fabric.Link.Capture.Filtering;

/// <summary>How two numbers without sign are compared.</summary>
internal enum Relation
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
