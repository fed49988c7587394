namespace Fabric.Link.Capture.Filtering;

/// <summary>A number that a filter computes from a frame: 32 bits without sign, wrapping round.</summary>
internal abstract class Quantity
{
    internal abstract uint Value(ref FilterInput input);

    internal static Quantity Literal(uint value) => new LiteralQuantity(value);

    internal static Quantity Length() => new LengthQuantity();

    /// <summary>Bytes of the frame.</summary>
    /// <param name="start">Where the header begins whose bytes are meant.</param>
    /// <param name="index">Bytes from there.</param>
    /// <param name="size">1, 2 or 4.</param>
    internal static Quantity Bytes(int start, Quantity index, int size) => new BytesQuantity(start, index, size);

    /// <summary>Bytes behind an IPv4 header, whose length is read from it.</summary>
    /// <param name="network">Where the IPv4 header begins.</param>
    /// <param name="index">Bytes from its end.</param>
    /// <param name="size">1, 2 or 4.</param>
    internal static Quantity TransportBytes(int network, Quantity index, int size) => new TransportQuantity(network, index, size);

    internal static Quantity Combine(char sign, Quantity left, Quantity right) => new CombinedQuantity(sign, left, right);

    private sealed class LiteralQuantity(uint value) : Quantity
    {
        internal override uint Value(ref FilterInput input) => value;
    }

    private sealed class LengthQuantity : Quantity
    {
        internal override uint Value(ref FilterInput input) => (uint)input.Length;
    }

    private sealed class BytesQuantity(int start, Quantity index, int size) : Quantity
    {
        internal override uint Value(ref FilterInput input) => input.Load(start + (long)index.Value(ref input), size);
    }

    private sealed class TransportQuantity(int network, Quantity index, int size) : Quantity
    {
        internal override uint Value(ref FilterInput input)
        {
            uint behind = index.Value(ref input) + ((input.Load(network, 1) & 0xF) * 4);
            return input.Load(network + (long)behind, size);
        }
    }

    private sealed class CombinedQuantity(char sign, Quantity left, Quantity right) : Quantity
    {
        internal override uint Value(ref FilterInput input)
        {
            uint a = left.Value(ref input);
            uint b = right.Value(ref input);
            return sign switch
            {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                '/' => b == 0 ? input.Fail() : a / b,
                '%' => b == 0 ? input.Fail() : a % b,
                '&' => a & b,
                '|' => a | b,
                '^' => a ^ b,
                '<' => b < 32 ? a << (int)b : 0,
                _ => b < 32 ? a >> (int)b : 0,
            };
        }
    }
}
