using Fabric.Memory;

namespace Fabric.TestKit.Virtio;

/// <summary>Guest memory as a test uses it: an address outside RAM is a mistake of the test.</summary>
public static class GuestMemoryExtensions
{
    public static T Get<T>(this GuestMemory memory, ulong address)
        where T : unmanaged => memory.TryRead(address, out T value) ? value : throw Outside(address);

    public static void Put<T>(this GuestMemory memory, ulong address, T value)
        where T : unmanaged
    {
        if (!memory.TryWrite(address, value))
            throw Outside(address);
    }

    public static byte[] GetBytes(this GuestMemory memory, ulong address, int length)
    {
        byte[] bytes = new byte[length];
        return memory.TryRead(address, bytes.AsSpan()) ? bytes : throw Outside(address);
    }

    public static void PutBytes(this GuestMemory memory, ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!memory.TryWrite(address, bytes))
            throw Outside(address);
    }

    public static void Zero(this GuestMemory memory, ulong address, int length)
    {
        if (!memory.TryGetSpan(address, length, out Span<byte> span))
            throw Outside(address);
        span.Clear();
    }

    private static ArgumentException Outside(ulong address) => new($"The test uses 0x{address:x}, which is not RAM.");
}
