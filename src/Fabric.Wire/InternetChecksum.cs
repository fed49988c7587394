using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fabric.Wire;

/// <summary>The checksum of IP, TCP and UDP: the ones' complement of the ones' complement sum of 16-bit words (RFC 1071).</summary>
/// <remarks>
/// <para>The sum does not care for byte order as long as all of it is taken in the same one (RFC 1071, 2 (B)), so words are added as
/// they lie in memory, 32 bits at a time into 64-bit lanes, and swapped once at the end. Running sums are opaque; begin with 0.</para>
/// <para>Nothing allocates. Little-endian hosts.</para>
/// </remarks>
public static class InternetChecksum
{
    /// <summary>Adds bytes to a running sum.</summary>
    /// <param name="sum">The sum so far.</param>
    /// <param name="data">The bytes; all but the last addition must be of even length.</param>
    /// <returns>The new sum.</returns>
    public static ulong Add(ulong sum, ReadOnlySpan<byte> data)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        if (Vector256.IsHardwareAccelerated && data.Length >= Vector256<byte>.Count)
            sum += AddVectors(ref data);
        while (data.Length >= sizeof(uint))
        {
            sum += BinaryPrimitives.ReadUInt32LittleEndian(data);
            data = data[sizeof(uint)..];
        }

        if (data.Length >= sizeof(ushort))
        {
            sum += BinaryPrimitives.ReadUInt16LittleEndian(data);
            data = data[sizeof(ushort)..];
        }

        // An odd last byte counts as if a zero byte followed (RFC 1071, 4.1).
        return data.IsEmpty ? sum : sum + data[0];
    }

    /// <summary>Starts a sum with the pseudo header of TCP or UDP (RFC 9293, 3.1; RFC 8200, 8.1).</summary>
    /// <param name="addresses">Source and destination, one behind the other as in the IP header: 8 or 32 bytes.</param>
    /// <param name="protocol">Protocol.</param>
    /// <param name="length">Bytes from the protocol's header on.</param>
    /// <returns>The running sum.</returns>
    public static ulong PseudoHeader(ReadOnlySpan<byte> addresses, IpProtocol protocol, int length) =>
        Add(0, addresses) + BinaryPrimitives.ReverseEndianness((uint)length) + BinaryPrimitives.ReverseEndianness((uint)protocol);

    /// <summary>Ends a sum.</summary>
    /// <param name="sum">The running sum.</param>
    /// <returns>The checksum, to be stored in network byte order.</returns>
    public static ushort Finish(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + ((sum >> 16) & ushort.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        return BinaryPrimitives.ReverseEndianness((ushort)~sum);
    }

    // Each lane takes less than 2^32 a step, so it cannot overflow within the 2^31 bytes of a span.
    private static ulong AddVectors(ref ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<Vector256<uint>> vectors = MemoryMarshal.Cast<byte, Vector256<uint>>(data);
        Vector256<ulong> low = Vector256<ulong>.Zero;
        Vector256<ulong> high = Vector256<ulong>.Zero;
        foreach (ref readonly Vector256<uint> vector in vectors)
        {
            low += vector.AsUInt64() & Vector256.Create((ulong)uint.MaxValue);
            high += Vector256.ShiftRightLogical(vector.AsUInt64(), 32);
        }

        data = data[(vectors.Length * Vector256<byte>.Count)..];
        return Vector256.Sum(low) + Vector256.Sum(high);
    }
}
