namespace Fabric.Link.Capture.Filtering;

/// <summary>Leaves the parser at the first fault; never leaves <see cref="FrameFilter"/>.</summary>
/// <param name="position">Index of the first wrong character.</param>
/// <param name="length">Number of wrong characters.</param>
/// <param name="message">What is wrong and what to write instead.</param>
internal sealed class FilterSyntaxException(int position, int length, string message) : Exception(message)
{
    internal FilterError Error => new(position, Math.Max(length, 1), Message);
}
