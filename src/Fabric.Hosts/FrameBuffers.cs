namespace Fabric.Hosts;

/// <summary>Buffers that all hosts of the process share, so that an idle host holds none.</summary>
/// <remarks>Pinned, of two sizes. What is given back beyond a limit is left to the collector. Any thread.</remarks>
internal static class FrameBuffers
{
    internal const int SmallSize = 2048;
    internal const int LargeSize = 66 * 1024;
    private const int MaxSmall = 8192;
    private const int MaxLarge = 64;
    private static readonly Lock Gate = new();
    private static readonly Stack<byte[]> Small = new();
    private static readonly Stack<byte[]> Large = new();

    /// <summary>A buffer of at least a length, which is at most <see cref="LargeSize"/>; what is in it is left over from another use.</summary>
    internal static byte[] Rent(int length)
    {
        bool small = length <= SmallSize;
        lock (Gate)
        {
            if ((small ? Small : Large).TryPop(out byte[]? buffer))
                return buffer;
        }

        return GC.AllocateUninitializedArray<byte>(small ? SmallSize : LargeSize, pinned: true);
    }

    /// <summary>Gives a buffer back.</summary>
    internal static void Return(byte[] buffer)
    {
        bool small = buffer.Length == SmallSize;
        Stack<byte[]> stack = small ? Small : Large;
        lock (Gate)
        {
            if (stack.Count < (small ? MaxSmall : MaxLarge))
                stack.Push(buffer);
        }
    }
}
