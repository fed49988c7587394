using System.Runtime.InteropServices;

namespace Fabric.Cli;

/// <summary>termios(3), which the base library does not offer.</summary>
internal static partial class Native
{
    /// <summary>Apply at once.</summary>
    internal const int Now = 0;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcgetattr(int descriptor, out Termios settings);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcsetattr(int descriptor, int when, in Termios settings);

    [LibraryImport("libc")]
    internal static partial void cfmakeraw(ref Termios settings);

    /// <summary>Linux glibc <c>struct termios</c>: opaque here, 60 bytes on every architecture .NET runs on.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 60)]
    internal struct Termios;
}
