namespace Fabric.Link.Capture.Filtering;

/// <summary>Something that holds for a frame or does not. Immutable; asking allocates nothing.</summary>
internal abstract class Condition
{
    internal abstract bool Holds(ref FilterInput input);

    internal static Condition Always() => new AlwaysCondition();

    internal static Condition Both(Condition left, Condition right) => new BothCondition(left, right);

    internal static Condition Either(Condition left, Condition right) => new EitherCondition(left, right);

    internal static Condition Not(Condition inner) => new NotCondition(inner);

    internal static Condition Field(int offset, int size, uint value, Relation relation = Relation.Equal, uint mask = uint.MaxValue) =>
        new FieldCondition(offset, size, mask, relation, value);

    /// <summary>A field behind an IPv4 header.</summary>
    /// <param name="network">Where the IPv4 header begins.</param>
    /// <param name="offset">Bytes from its end.</param>
    /// <param name="value">Value of the 16-bit field.</param>
    /// <param name="relation">How they compare.</param>
    internal static Condition TransportField(int network, int offset, uint value, Relation relation = Relation.Equal) =>
        new TransportFieldCondition(network, offset, relation, value);

    internal static Condition Compare(Quantity left, Relation relation, Quantity right) => new CompareCondition(left, relation, right);

    internal static Condition Going(FrameDirection direction) => new DirectionCondition(direction);

    private static bool Compare(uint left, Relation relation, uint right) => relation switch
    {
        Relation.Equal => left == right,
        Relation.NotEqual => left != right,
        Relation.Less => left < right,
        Relation.LessOrEqual => left <= right,
        Relation.Greater => left > right,
        _ => left >= right,
    };

    private sealed class AlwaysCondition : Condition
    {
        internal override bool Holds(ref FilterInput input) => true;
    }

    private sealed class BothCondition(Condition left, Condition right) : Condition
    {
        internal override bool Holds(ref FilterInput input) => left.Holds(ref input) && right.Holds(ref input);
    }

    private sealed class EitherCondition(Condition left, Condition right) : Condition
    {
        internal override bool Holds(ref FilterInput input) => left.Holds(ref input) || (!input.HasFailed && right.Holds(ref input));
    }

    private sealed class NotCondition(Condition inner) : Condition
    {
        internal override bool Holds(ref FilterInput input) => !inner.Holds(ref input) && !input.HasFailed;
    }

    private sealed class FieldCondition(int offset, int size, uint mask, Relation relation, uint value) : Condition
    {
        internal override bool Holds(ref FilterInput input) => Compare(input.Load(offset, size) & mask, relation, value) && !input.HasFailed;
    }

    private sealed class TransportFieldCondition(int network, int offset, Relation relation, uint value) : Condition
    {
        internal override bool Holds(ref FilterInput input)
        {
            uint header = (input.Load(network, 1) & 0xF) * 4;
            return Compare(input.Load(network + header + offset, 2), relation, value) && !input.HasFailed;
        }
    }

    private sealed class CompareCondition(Quantity left, Relation relation, Quantity right) : Condition
    {
        internal override bool Holds(ref FilterInput input) => Compare(left.Value(ref input), relation, right.Value(ref input)) && !input.HasFailed;
    }

    private sealed class DirectionCondition(FrameDirection direction) : Condition
    {
        internal override bool Holds(ref FilterInput input) => input.Direction == direction;
    }
}
