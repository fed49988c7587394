using Fabric.Images;

namespace Fabric.Daemon.Composition;

/// <summary>Tells the progress of an image's download as events, in order and at once.</summary>
/// <param name="subject">Name of the image.</param>
/// <param name="events">Where to.</param>
public sealed class EventProgress(string subject, EventLog events) : IProgress<ImageProgress>
{
    /// <inheritdoc/>
    public void Report(ImageProgress value) =>
        events.AddProgress(subject, value.Stage, value.Bytes, value.TotalBytes > 0 ? value.TotalBytes : null);
}
